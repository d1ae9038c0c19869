"""The tables of traffic, one file for each register."""

from minjing.modules.traffic.models.accidents import Accident, AccidentParty, AccidentPhoto
from minjing.modules.traffic.models.bindings import Binding
from minjing.modules.traffic.models.booked_tests import TestBooking
from minjing.modules.traffic.models.dated import RegisterPast
from minjing.modules.traffic.models.licences import Licence, LicencePast
from minjing.modules.traffic.models.permits import Permit
from minjing.modules.traffic.models.vehicles import Vehicle, VehiclePast
from minjing.modules.traffic.models.violations import (
    Charge,
    Decision,
    DraftPack,
    Outcome,
    PointsEntry,
    Strike,
    Suspension,
    Violation,
)

__all__ = [
    "Accident",
    "AccidentParty",
    "AccidentPhoto",
    "Binding",
    "Charge",
    "Decision",
    "DraftPack",
    "Licence",
    "LicencePast",
    "Outcome",
    "Permit",
    "PointsEntry",
    "RegisterPast",
    "Strike",
    "Suspension",
    "TestBooking",
    "Vehicle",
    "VehiclePast",
    "Violation",
]
