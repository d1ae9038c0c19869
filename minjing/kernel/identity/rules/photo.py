"""What a photo for a travel document must be, and how to say what is wrong with one. Pure; nobody is recognised.

The figures are those of 出入境证件相片照相指引 as photographers' notices repeat it (confidence B: several notices
agree, the guide itself was not at hand): 33 × 48 mm; digital 354 to 480 × 472 to 640 pixels, JPEG, 20 to 80 kB,
head 15 to 22 mm wide and 28 to 33 mm high, crown 3 to 5 mm below the edge, at least 7 mm below the chin, ground
white.
What a machine cannot see well is measured with room on both sides; an officer has the last word.
"""

from __future__ import annotations

from dataclasses import dataclass

from minjing.kernel.identity.rules.card import Remark


@dataclass(frozen=True, slots=True)
class PhotoSpec:
    """Bounds of a document's photo. Parts are of the picture's height or width."""

    width_px: tuple[int, int] = (354, 4000)
    height_px: tuple[int, int] = (472, 5400)
    ratio: tuple[float, float] = (0.66, 0.78)  # width by height: 33 × 48 mm is 0.69, 354 × 472 pixels 0.75
    bytes_max: int = 8_000_000
    ground_min: int = 200  # grey value of the background, 255 is white
    ground_spread_max: float = 18.0  # standard deviation
    ground_tint_max: float = 16.0  # difference between the colours
    head_height: tuple[float, float] = (0.50, 0.75)  # 28 to 33 of 48 mm, with room
    head_width: tuple[float, float] = (0.40, 0.75)  # 15 to 22 of 33 mm, with room
    crown_top: tuple[float, float] = (0.02, 0.17)
    centre_off_max: float = 0.08
    roll_deg_max: float = 6.0
    yaw_max: float = 0.14
    glare_max: float = 0.012  # part of the face that is burnt out
    sharp_min: float = 18.0


EXIT_ENTRY = PhotoSpec()

_TEXTS = {
    "unreadable": (
        "这个文件打不开，或者不是照片。请换一张 JPEG 或 PNG 照片。",
        "The file cannot be opened. Use a JPEG or PNG.",
    ),
    "too_big": (
        "照片文件太大（{value} MB）。请换一张小于 {limit} MB 的。",
        "The file is too large ({value} MB). Use one below {limit} MB.",
    ),
    "pixels": (
        "照片太小（{value} 像素）。请用不小于 {limit} 像素的原图，不要截图。",
        "The photo is too small ({value} pixels). Use the original, at least {limit} pixels, not a screenshot.",
    ),
    "ratio": (
        "照片的宽高不对。请按 3∶4 竖着裁好再上传。",
        "Width and height do not fit. Crop the photo upright, 3 to 4.",
    ),
    "ground_dark": (
        "背景不够白。请站在白墙前、光线均匀的地方重新拍。",
        "The background is not white enough. Stand before a white wall in even light.",
    ),
    "ground_uneven": (
        "背景里有影子或别的东西。请离墙远一步，避开影子和物品，重新拍。",
        "There is a shadow or an object in the background. Step away from the wall and clear it.",
    ),
    "ground_tint": (
        "背景偏色。请用白色背景，在自然光下重新拍。",
        "The background is coloured. Use a white one in daylight.",
    ),
    "no_face": (
        "没有找到脸。请正对镜头、脸上有光，重新拍。",
        "No face was found. Face the camera with light on your face.",
    ),
    "many_faces": (
        "照片里不止一个人。请一个人重新拍。",
        "There is more than one person in the photo. Take it alone.",
    ),
    "head_small": (
        "头在照片里太小。请靠近一点，或裁掉四周。",
        "The head is too small. Come closer or crop the photo.",
    ),
    "head_large": ("头在照片里太大。请退后一点重新拍。", "The head is too large. Step back and take it again."),
    "head_high": (
        "头顶离上边太近。请在头顶上方多留一点。",
        "The crown is too near the upper edge. Leave more room above the head.",
    ),
    "head_low": ("头在照片里太低。请把镜头抬高，或裁掉上边。", "The head stands too low. Crop the top of the photo."),
    "off_centre": ("脸没有在正中。请把脸放在照片中间。", "The face is not in the middle. Centre it."),
    "tilted": (
        "头歪了，两眼不在一条水平线上。请坐正重新拍。",
        "The head is tilted; the eyes are not level. Sit straight.",
    ),
    "turned": ("脸没有正对镜头。请正面看镜头重新拍。", "The face is turned. Look straight into the camera."),
    "glare": (
        "脸上或眼镜上有反光。请关掉闪光灯，换个角度或摘下眼镜重新拍。",
        "There is glare on the face or glasses. Switch off the flash, change the angle or take the glasses off.",
    ),
    "blurred": (
        "照片不清楚。请擦净镜头，拿稳后重新拍。",
        "The photo is blurred. Wipe the lens, hold it still and take it again.",
    ),
    "face_unchecked": (
        "本机没有查看脸的位置，将由民警查看。",
        "The position of the face was not checked by machine; an officer will look.",
    ),
}
ADVICE = frozenset({"face_unchecked", "head_high", "head_low", "off_centre"})  # told, but they do not stop the photo


@dataclass(frozen=True, slots=True)
class FaceSeen:
    """Where the one face stands, in parts of the picture, and how it looks."""

    left: float
    top: float
    width: float
    height: float
    roll_deg: float
    yaw: float
    glare: float
    eyes_middle: tuple[float, float]
    eyes_apart: float  # in parts of the picture's height


@dataclass(frozen=True, slots=True)
class PhotoSeen:
    """What was measured in one photo."""

    width_px: int
    height_px: int
    size_bytes: int
    ground: float
    ground_spread: float
    ground_tint: float
    sharp: float
    faces: int | None  # None: nothing here can look for faces
    face: FaceSeen | None = None


def remark(key: str, value: str = "", limit: str = "") -> Remark:
    """Return the sentence of a fault."""
    zh, en = (text.format(value=value, limit=limit) for text in _TEXTS[key])
    return Remark(key, zh, en, stops=key not in ADVICE)


def faults(seen: PhotoSeen, spec: PhotoSpec = EXIT_ENTRY) -> list[Remark]:
    """Return what is wrong with the photo, the coarsest first."""
    found = _frame(seen, spec)
    if seen.ground < spec.ground_min:
        found.append(remark("ground_dark"))
    elif seen.ground_tint > spec.ground_tint_max:
        found.append(remark("ground_tint"))
    if seen.ground_spread > spec.ground_spread_max:
        found.append(remark("ground_uneven"))
    if seen.sharp < spec.sharp_min:
        found.append(remark("blurred"))
    if seen.faces is None:
        return [*found, remark("face_unchecked")]
    if seen.faces != 1 or seen.face is None:
        return [*found, remark("many_faces" if seen.faces > 1 else "no_face")]
    return found + _face(seen.face, spec)


def _frame(seen: PhotoSeen, spec: PhotoSpec) -> list[Remark]:
    found = []
    if seen.size_bytes > spec.bytes_max:
        found.append(remark("too_big", f"{seen.size_bytes / 1e6:.1f}", f"{spec.bytes_max / 1e6:.0f}"))
    if seen.width_px < spec.width_px[0] or seen.height_px < spec.height_px[0]:
        limit = f"{spec.width_px[0]} × {spec.height_px[0]}"
        found.append(remark("pixels", f"{seen.width_px} × {seen.height_px}", limit))
    if not spec.ratio[0] <= seen.width_px / seen.height_px <= spec.ratio[1]:
        found.append(remark("ratio"))
    return found


def head(face: FaceSeen) -> tuple[float, float, float]:
    """Return crown, chin and width of the head in parts of the picture, by the distance of the eyes.

    Anthropometry, not measurement: crown and chin lie about 1.85 and 1.75 eye distances from the eyes' line, the
    head is about 2.4 wide (ISO/IEC 19794-5 portrait geometry, rounded). Hair is not the crown: so this is advice.
    """
    middle = face.eyes_middle[1]
    return middle - 1.85 * face.eyes_apart, middle + 1.75 * face.eyes_apart, 2.4 * face.eyes_apart


def _face(face: FaceSeen, spec: PhotoSpec) -> list[Remark]:
    found = []
    crown, chin, _ = head(face)
    height = chin - crown
    if height < spec.head_height[0]:
        found.append(remark("head_small"))
    elif height > spec.head_height[1]:
        found.append(remark("head_large"))
    if crown < spec.crown_top[0]:
        found.append(remark("head_high"))
    elif crown > spec.crown_top[1]:
        found.append(remark("head_low"))
    if abs(face.eyes_middle[0] - 0.5) > spec.centre_off_max:
        found.append(remark("off_centre"))
    if abs(face.roll_deg) > spec.roll_deg_max:
        found.append(remark("tilted"))
    if abs(face.yaw) > spec.yaw_max:
        found.append(remark("turned"))
    if face.glare > spec.glare_max:
        found.append(remark("glare"))
    return found
