"""Why a file is not taken, in words that say what to do; why a piece of an upload is not."""

from collections.abc import Mapping
from typing import Any

Text = Mapping[str, str]

SCANNER_DOWN = "scanner_down"  # not the file's fault: it may be kept later

REASONS: Mapping[str, Text] = {
    "empty": {
        "zh": "文件是空的（0 字节）。请重新选择或重新拍照。",
        "en": "The file is empty (0 bytes). Please choose it again or take the photo again.",
    },
    "too_large": {
        "zh": "文件超过 {limit_mb} MB。请压缩后再传，或分成几个文件。",
        "en": "The file is larger than {limit_mb} MB. Please make it smaller, or split it into several files.",
    },
    "wrong_type": {
        "zh": "文件“{name}”的内容是{found}，不是照片或 PDF，不能作为材料。请上传 JPG、PNG、WebP 照片或 PDF。",
        "en": "“{name}” is in fact {found}, not a photo or a PDF. Please send a JPG, PNG or WebP photo, or a PDF.",
    },
    "unknown_type": {
        "zh": "无法识别文件“{name}”的格式，不能作为材料。请上传 JPG、PNG、WebP 照片或 PDF。",
        "en": "What kind of file “{name}” is cannot be told. Please send a JPG, PNG or WebP photo, or a PDF.",
    },
    "heic": {
        "zh": "这是 HEIC 格式的照片，目前无法打开。iPhone 请在“设置 › 相机 › 格式”中选“兼容性最佳”后重拍，"
        "或对照片截屏后上传截图。",
        "en": "This photo is in the HEIC format, which cannot be opened here. On an iPhone choose Settings › Camera ›"
        " Formats › Most Compatible and take it again, or send a screenshot of the photo.",
    },
    "double": {
        "zh": "文件“{name}”同时是照片或 PDF 和另一种文件，为安全起见不能接收。请重新拍照或重新扫描。",
        "en": "“{name}” is a photo or PDF and another kind of file at once, which is not safe to take."
        " Please photograph or scan the paper again.",
    },
    "too_many_pixels": {
        "zh": "照片尺寸过大（{width} × {height}，上限 {limit_mp} 百万像素）。请用普通照相模式重拍，或缩小后上传。",
        "en": "The picture is too large ({width} × {height}; the limit is {limit_mp} million pixels)."
        " Please take it in the ordinary photo mode, or make it smaller.",
    },
    "broken": {
        "zh": "文件不完整或已损坏，无法打开。请重新拍照、扫描或重新导出后上传。",
        "en": "The file is incomplete or damaged and cannot be opened. Please photograph, scan or export it again.",
    },
    "too_many_pages": {
        "zh": "PDF 超过 {limit_pages} 页。请只保留所需的页，或分成几个文件。",
        "en": "The PDF has more than {limit_pages} pages. Please keep only the pages needed, or split it.",
    },
    "locked": {
        "zh": "PDF 已加密。请先去掉密码，或“打印为 PDF”后再上传。",
        "en": "The PDF is encrypted. Please remove the password first, or print it to a new PDF.",
    },
    "too_complex": {
        "zh": "文件太复杂，处理时超出了限制。请打印为 PDF 或截图后上传。",
        "en": "The file is too complex to be handled within the limits. Please print it to PDF or send a picture.",
    },
    "infected": {
        "zh": "文件中发现病毒，没有接收。请用杀毒软件检查您的设备，换一台设备重新拍照或扫描。",
        "en": "A virus was found in the file; it was not taken. Please check your device with an antivirus program,"
        " and photograph or scan the paper with another one.",
    },
    SCANNER_DOWN: {
        "zh": "病毒检查暂时不可用，文件没有接收。请几分钟后再试。",
        "en": "The virus check is not available at the moment; the file was not taken. Please try again in minutes.",
    },
    "too_many_uploads": {
        "zh": "同时上传的文件太多（上限 {limit}）。请等其中一些传完或取消后再试。",
        "en": "Too many uploads at once (the limit is {limit}). Please let some finish, or cancel them.",
    },
    "quota": {
        "zh": "24 小时内上传的文件已超过 {limit_mb} MB。请稍后再传，或到窗口提交。",
        "en": "More than {limit_mb} MB were sent within 24 hours. Please continue later, or bring the papers.",
    },
    "gone": {
        "zh": "这次上传已过期或已取消。请重新选择文件。",
        "en": "This upload has expired or was cancelled. Please choose the file again.",
    },
    "incomplete": {
        "zh": "文件还没有传完，请继续上传。",
        "en": "The file has not come in whole yet; please go on sending.",
    },
}


class Refused(Exception):
    """A file is not taken; `key` is stable, `text` is {zh, en} and says what to do."""

    def __init__(self, key: str, **facts: Any) -> None:
        super().__init__(key)
        self.key = key
        self.text: Text = {
            language: words.format_map({name: _in(value, language) for name, value in facts.items()})
            for language, words in REASONS[key].items()
        }


class Unknown(Exception):
    """No such file or upload, or not the asker's: both look the same."""

    text: Text = {"zh": "没有找到，或与您无关。", "en": "Not found, or not yours to see."}


class OutOfStep(Exception):
    """A piece does not follow on what has come, or another process is finishing the upload: go on at `offset`."""

    text: Text = {"zh": "请从已收到的位置继续上传。", "en": "Please go on from where the file has come to."}

    def __init__(self, offset: int) -> None:
        super().__init__(f"expected offset {offset}")
        self.offset = offset


def _in(value: Any, language: str) -> Any:
    return value[language] if isinstance(value, Mapping) else value
