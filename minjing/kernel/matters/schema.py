"""The shape of a service file and of a flow file. A wrong file is refused with its path, line and reason."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from minjing.base import conditions

Confidence = Literal["A", "B", "C", "D"]
Unit = Literal["workday", "day", "hour"]
Level = Literal["station", "branch", "bureau"]
Condition = dict[str, Any]
FIELD_TYPES = (
    "text", "name", "resident_id", "date", "datetime", "choice", "choices", "yes_no", "number", "money",
    "address", "phone", "household_no", "uscc", "document_no", "long_text", "consent", "place", "people",
)  # fmt: skip
FieldType = Literal[
    "text", "name", "resident_id", "date", "datetime", "choice", "choices", "yes_no", "number", "money",
    "address", "phone", "household_no", "uscc", "document_no", "long_text", "consent", "place", "people",
]  # fmt: skip


class Strict(BaseModel):
    """A part of a file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    # Keys that came after the first procedures were published: left out of a body where they say nothing, so that a
    # service that does not use them keeps its bytes and its fingerprint.
    later: ClassVar[tuple[str, ...]] = ()
    # Lists that no file names any more: empty in what was published before, which keeps its bytes all the same.
    gone: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _as_published(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        said: dict[str, Any] = write(self) | {name: [] for name in self.gone}
        for name in self.later:
            if getattr(self, name) == type(self).model_fields[name].get_default(call_default_factory=True):
                said.pop(name, None)
        return said


class Text(Strict):
    """The same words in both languages; neither may be missing."""

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class Basis(Strict):
    """A rule of law that the service rests on."""

    law: str
    article: str | int = ""
    confidence: Confidence = "B"
    note: str = ""


class Option(Strict):
    value: str
    zh: str
    en: str


class Source(Strict):
    """Where an answer is known from, and under which answers given before it stands."""

    of: str
    when: Condition | None = None


# Which types each rule can be asked of; `not_same_as` of all.
TEXTS = ("text", "long_text", "address", "household_no", "document_no", "place")
DAYS, NUMBERS, PERSON = ("date", "datetime"), ("number", "money"), ("resident_id",)
RULES_OF: Mapping[str, tuple[str, ...]] = {
    "before": DAYS, "after": DAYS, "min": NUMBERS, "max": NUMBERS, "max_length": TEXTS,
    "sex": PERSON, "min_age": PERSON, "max_age": PERSON, "as_printed": PERSON,
}  # fmt: skip


class Rule(Strict):
    """What an answer must fulfil beyond its type. A key that is not given asks nothing."""

    later: ClassVar[tuple[str, ...]] = (*RULES_OF, "not_same_as")

    before: str | date | None = None  # of a day: today, today-2y, today+30d, tomorrow, 2026-01-01
    after: str | date | None = None
    min: int | float | None = None  # of a number
    max: int | float | None = None
    max_length: Annotated[int, Field(ge=1)] | None = None  # of a text
    sex: Literal["1", "2"] | None = None  # of whom an ID number names, as its 17th digit says: 1 male, 2 female
    min_age: Annotated[int, Field(ge=0)] | None = None
    max_age: Annotated[int, Field(ge=0)] | None = None
    not_same_as: str | None = None  # another field
    as_printed: Literal[True] | None = None  # of an ID number: a wrong one may stand, as it is on the document

    @field_validator("before", "after")
    @classmethod
    def _names_a_day(cls, bound: str | date | None) -> str | date | None:
        if bound is not None:
            try:
                conditions.instant_of(bound, date(2026, 1, 1))
            except (ValueError, OverflowError):
                raise ValueError(
                    f"{bound!r} names no day: today, today-2y, today+30d, tomorrow or 2026-01-01"
                ) from None
        return bound

    @property
    def given(self) -> set[str]:
        """Return the keys that ask something."""
        return {name for name in self.later if getattr(self, name) is not None}


class FormField(Strict):
    """One question. `people` is a list of persons (name, ID number, relation), added one by one."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    type: FieldType
    label: Text
    hint: Text | None = None
    required: bool | Condition = True
    show: Condition | None = None
    options: list[Option] = []
    prefill: str | list[Source] = ""  # a plug and a path: register.name, account.phone; or several, each for a case
    rule: Rule = Rule()
    sets: str = ""  # what of the register the answer becomes, for the reader; the effect does it

    @property
    def sources(self) -> list[Source]:
        """Return where the answer may be known from; the first whose condition holds is asked."""
        if isinstance(self.prefill, str):
            return [Source(of=self.prefill)] if self.prefill else []
        return self.prefill

    @model_validator(mode="after")
    def _choices_have_options(self) -> "FormField":
        if self.type in ("choice", "choices") and len(self.options) < 2:
            raise ValueError(f"field {self.name}: a choice needs at least two options")
        return self


class Page(Strict):
    """One question group: one page on the phone."""

    page: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Text
    help: Text | None = None
    show: Condition | None = None
    fields: Annotated[list[FormField], Field(min_length=1)]


class MaterialSpec(Strict):
    """A paper the service needs, and who may hold it already."""

    later: ClassVar[tuple[str, ...]] = ("check",)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Text
    hint: Text | None = None
    held_by: str = ""  # household, civil_affairs, …: not asked for where the holder's plug has it
    when: Condition | None = None
    required: bool = True
    original: bool = False  # shown at the counter where the city keeps the station "check originals"
    max_files: int = 6
    check: str = ""  # a module's look at what was uploaded, before it is taken: the size of a photo, its background


class Limit(Strict):
    value: Annotated[int, Field(ge=0)]
    unit: Unit
    basis: str = ""
    confidence: Confidence = "B"


class GrantedPaper(Strict):
    """A paper a matter may end in."""

    certificate: str  # a kind that papers print (kernel/papers/templates_typst/kinds.typ)
    title: Text
    valid: Annotated[str, Field(pattern=r"^([1-9]\d{0,3}d)?$")] = ""  # 40d, 30d, or empty for no end


class OtherPaper(GrantedPaper):
    """A paper that is due in place of the usual one when the answers say so."""

    when: Condition


class Grant(GrantedPaper):
    """The paper the matter ends in, and those that take its place: the first whose condition holds."""

    instead: list[OtherPaper] = []


class Guide(Strict):
    """What a resident reads before anything else."""

    summary: Text
    who: Text
    minutes: int = 10
    result: Text
    delivery: Text | None = None
    bring: list[Text] = []  # services in person: what to take along
    where: Text | None = None


class FeeItem(Strict):
    """One thing that costs, when the answers say so."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
    title: Text
    fen: Annotated[int, Field(ge=0, le=100_000_000)]
    when: Condition | None = None
    basis: Basis


class FeeWaiver(Strict):
    """A rule under which less is asked: so many per cent of the named items, of all when none is named."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
    title: Text
    when: Condition
    percent: Annotated[int, Field(ge=1, le=100)] = 100
    items: list[str] = []
    basis: Basis


class Fee(Strict):
    """What the service costs: items with their waivers, or a module's table of prices (`of`)."""

    items: list[FeeItem] = []
    waivers: list[FeeWaiver] = []
    of: str = ""
    how_waived: Text | None = None  # how one asks to be let off where no rule of the file does it
    due: Literal["submit", "before_decision"] = "submit"
    days: Annotated[int, Field(ge=1, le=60)] = 7  # how long it may be paid; then the matter lapses


class VisitSpec(Strict):
    """That the applicant comes once: chosen in the application, held for the draft, confirmed by submitting."""

    kind: str  # of place: exit_entry_hall, household_counter
    service: str  # as the places offer it: passport, id_card


IdentityLevel = Annotated[int, Field(ge=1, le=4)]


class Service(Strict):
    """One service file."""

    later: ClassVar[tuple[str, ...]] = (
        "fee",
        "on_submit",
        "booking",
        "stars",
    )
    gone: ClassVar[tuple[str, ...]] = ("refusals",)

    @model_validator(mode="before")
    @classmethod
    def _without_gone(cls, said: Any) -> Any:
        return {k: v for k, v in said.items() if k not in cls.gone or v != []} if isinstance(said, dict) else said

    code: Annotated[str, Field(pattern=r"^[A-Z]{2}\d{4}$")]
    title: Text
    group: Text
    aliases: list[str] = []
    flow: str
    decides: Level
    identity: IdentityLevel | dict[str, IdentityLevel] = 2  # for submitting; or step by step: {submit: 3, pay: 2}
    # The field that says whom it is about: an ID number, or of a newborn the certificate; empty: the applicant.
    about: str = ""
    basis: Annotated[list[Basis], Field(min_length=1)]
    limit: Limit
    fee_fen: int = 0
    fee: Fee | None = None
    channel: Literal["online_full", "online_one_visit", "appointment"]
    channel_2017_claim: str = ""
    confidence: Confidence
    source: str
    first_batch: bool = False
    guide: Guide
    form: list[Page] = []
    materials: list[MaterialSpec] = []
    checks: list[str] = []  # tasks of the flow that run beside the first step: record_check
    auto: Condition | None = None  # instant flow: decided at once when this holds
    grants: Grant | None = None
    effect: str = ""
    received_by: Literal["station", "bureau"] = "station"  # the bureau itself: no station is asked for, none sees it
    seen_by: list[str] = []  # the only posts that see its matters; empty: those of the flow, and who supervises
    accepts: str = ""  # a module's check of the answers as a whole, before a matter is made of them
    excludes: str = ""  # a module's rule of who has a conflict of interests: they neither see the matter nor act
    booking: VisitSpec | None = None  # the one visit that the service takes
    stars: Annotated[int, Field(ge=0, le=5)] = 0  # how well known the applicant must be (星级), as a module counts it
    on_submit: str = ""  # a module's act in the transaction of the submission: a lost document is void at once

    @property
    def fields(self) -> dict[str, FormField]:
        """Return every field of the form by name."""
        return {f.name: f for page in self.form for f in page.fields}

    def level_for(self, step: str) -> int:
        """Return the identity level that a step of the applicant takes: submit, or an action of the flow."""
        if isinstance(self.identity, int):
            return self.identity if step == "submit" else 1
        return self.identity.get(step, 1)


class ActionSpec(Strict):
    """What may be done in a state."""

    later: ClassVar[tuple[str, ...]] = ("does",)

    to: str = ""  # empty: the state stays; "back": where the pause began, or the decision taken up again
    by: Literal["post", "applicant", "system", "unit"] = "post"  # unit: any post of it (claiming, asking)
    post: str = ""  # another post than the state's own
    not_by: list[str] = []  # must be another person than who did one of these
    needs: list[Literal["claim", "note", "reason", "materials", "tasks_done", "days"]] = ["claim"]
    title: Text
    tells: str = ""  # key of the notice to the applicant
    strong: bool = False  # the one strong button
    effect: bool = False  # runs the service's effect and issues its paper
    reverses: bool = False  # revokes the paper issued
    does: str = ""  # a module's act in the step's transaction, beside the decision: made, handed over


class State(Strict):
    title: Text
    plain: Text  # what it means, for the guide page
    post: str = ""
    level: Level | Literal["decides", ""] = ""
    share: int | Literal["rest", ""] = ""  # share of the limit in per cent
    pauses: str = ""  # reason of the pause
    lapses_after: Limit | None = None
    lapses_to: str = ""
    final: bool = False
    outcome: str = ""
    tasks: list[str] = []  # child tasks opened on entering
    optional: str = ""  # a switch of the city: originals_check
    actions: dict[str, ActionSpec] = {}


class Reason(Strict):
    """A reason of refusal that the law gives."""

    key: str
    text: Text
    basis: Text | str  # as text where a version published before says it in Chinese only


class TaskSpec(Strict):
    title: Text
    post: str
    level: Level
    days: int


class Flow(Strict):
    """One flow file: the states of all services that name it."""

    flow: str
    title: Text
    start: str
    states: dict[str, State]
    tasks: dict[str, TaskSpec] = {}
    refusals: list[Reason] = []
    how_to_object: Text
    notices: dict[str, Text] = {}


class Body(Strict):
    """A published procedure: the service with its flow, as it was on that day in that city."""

    service: Service
    flow: Flow
    city: dict[str, Any] = {}
