"""Systems outside that send to a door of traffic: what they all have."""

from typing import ClassVar

from django.db import models

from minjing.base.ids import new_id

SYSTEMS = ("wgs84", "gcj02")


class Sender(models.Model):
    """A system that may send: known by its token, of which the hash alone is kept."""

    LEDGER: ClassVar[str]  # what its entries in the ledger begin with

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    code = models.CharField(max_length=20, unique=True)
    name_zh = models.CharField(max_length=40)
    name_en = models.CharField(max_length=60)
    token_hash = models.BinaryField(max_length=32, unique=True)
    system = models.CharField(max_length=8)  # what its coordinates are in unless a message says otherwise
    active = models.BooleanField(default=True)

    class Meta:
        abstract = True
