"""Plug board of the frame portal."""

from django.apps import AppConfig


class FrameConfig(AppConfig):
    name = "minjing.portals.frame"
    label = "frame"
