"""What can go wrong with papers; each error carries its words in both languages."""


class PaperError(Exception):
    """A refusal that a person can read; `key` is stable, `text` is {zh, en}."""

    def __init__(self, key: str, zh: str, en: str) -> None:
        super().__init__(f"{key}: {en}")
        self.key = key
        self.text = {"zh": zh, "en": en}


class Unknown(PaperError):
    """There is no such paper."""

    def __init__(self) -> None:
        super().__init__("unknown_paper", "没有找到这份证照。", "There is no such paper.")


class AlreadyRevoked(PaperError):
    """The paper was revoked before."""

    def __init__(self) -> None:
        super().__init__("already_revoked", "这份证照已经作废。", "This paper has already been revoked.")
