"""The tables of traffic, one file for each register."""

from minjing.modules.traffic.models.licences import Licence, LicencePast
from minjing.modules.traffic.models.vehicles import Vehicle, VehiclePast

__all__ = [
    "Licence",
    "LicencePast",
    "Vehicle",
    "VehiclePast",
]
