"""What each field of personal data is: its class, why it is held, on what basis, for how long."""

from dataclasses import dataclass

# Classes of data (个人信息分级): 1 public, 2 internal, 3 personal, 4 sensitive personal (个人信息保护法 art. 28).
PUBLIC, INTERNAL, PERSONAL, SENSITIVE = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Personal:
    """The declaration of one field; classes 3 and 4 must be sealed."""

    data_class: int
    purpose: str
    basis: str
    retention: str
