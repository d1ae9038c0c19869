"""The tables of traffic, one file for each register."""

from minjing.modules.traffic.models.accidents import Accident, AccidentParty, AccidentPhoto
from minjing.modules.traffic.models.bindings import Binding
from minjing.modules.traffic.models.booked_tests import TestBooking
from minjing.modules.traffic.models.dated import RegisterPast
from minjing.modules.traffic.models.licences import Licence, LicencePast
from minjing.modules.traffic.models.permits import Permit
from minjing.modules.traffic.models.vehicles import Vehicle, VehiclePast

__all__ = [
    "Accident",
    "AccidentParty",
    "AccidentPhoto",
    "Binding",
    "Licence",
    "LicencePast",
    "Permit",
    "RegisterPast",
    "TestBooking",
    "Vehicle",
    "VehiclePast",
]
