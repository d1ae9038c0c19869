"""The tables of traffic, one file for each register."""

from minjing.modules.traffic.models.accidents import Accident, AccidentParty, AccidentPhoto
from minjing.modules.traffic.models.bindings import Binding
from minjing.modules.traffic.models.booked_tests import TestBooking
from minjing.modules.traffic.models.cameras import CameraRecord, CameraSystem
from minjing.modules.traffic.models.consents import JointConsent
from minjing.modules.traffic.models.dated import RegisterPast
from minjing.modules.traffic.models.drafts import DraftReplay, RuleDraft
from minjing.modules.traffic.models.filed import FileEntry
from minjing.modules.traffic.models.licences import Licence, LicencePast
from minjing.modules.traffic.models.missions import (
    Approach,
    Base,
    Batch,
    Candidate,
    DispatchSystem,
    Mission,
    RecorderReport,
    TrackPart,
    YieldingClaim,
)
from minjing.modules.traffic.models.move_calls import MoveCall, RelayedCall
from minjing.modules.traffic.models.parking import ParkingNotice
from minjing.modules.traffic.models.permits import Permit
from minjing.modules.traffic.models.plate_numbers import PlateNumber, PlateOffer
from minjing.modules.traffic.models.register_notices import RegisterNotice
from minjing.modules.traffic.models.studies import Study
from minjing.modules.traffic.models.vehicles import Vehicle, VehiclePast
from minjing.modules.traffic.models.violations import (
    Charge,
    Decision,
    Objection,
    Outcome,
    PointsEntry,
    Strike,
    Suspension,
    Violation,
    ViolationPhoto,
)
from minjing.modules.traffic.models.withholding import FullPoints

__all__ = [
    "Accident",
    "AccidentParty",
    "AccidentPhoto",
    "Approach",
    "Base",
    "Batch",
    "Binding",
    "CameraRecord",
    "CameraSystem",
    "Candidate",
    "Charge",
    "Decision",
    "DispatchSystem",
    "DraftReplay",
    "FileEntry",
    "FullPoints",
    "JointConsent",
    "Licence",
    "LicencePast",
    "Mission",
    "MoveCall",
    "Objection",
    "Outcome",
    "ParkingNotice",
    "Permit",
    "PlateNumber",
    "PlateOffer",
    "PointsEntry",
    "RecorderReport",
    "RegisterNotice",
    "RegisterPast",
    "RelayedCall",
    "RuleDraft",
    "Strike",
    "Study",
    "Suspension",
    "TestBooking",
    "TrackPart",
    "Vehicle",
    "VehiclePast",
    "Violation",
    "ViolationPhoto",
    "YieldingClaim",
]
