"""E-mail by SMTP: one message, one recipient, its Message-ID the id of the notice.

SMTP has no way to ask what was taken. Whoever gets the same Message-ID twice after a broken connection shows one
letter; ours goes out again only when the server had not said that it had it.
"""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from uuid import UUID

from django.conf import settings

from minjing.kernel.notify.providers.sms import Refused, Unavailable, Unclear

TIMEOUT_S = 10.0


class Bounced(Refused):
    """There is no such mailbox."""


def send(*, message_id: UUID, to: str, subject: str, text: str, now: datetime) -> str:
    """Hand a letter to the mail server and return its Message-ID. Raises Bounced, Refused, Unavailable, Unclear."""
    name, sender = parseaddr(settings.MAIL_FROM)
    domain = sender.rpartition("@")[2]
    mail = EmailMessage()
    mail["Message-ID"] = f"<{message_id}@{domain}>"
    mail["From"] = Address(name, addr_spec=sender)
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(now)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers come back
    mail.set_content(text, charset="utf-8")
    try:
        server = _connected()
    except (OSError, smtplib.SMTPException):
        raise Unavailable("unreachable") from None
    try:
        server.send_message(mail, from_addr=sender, to_addrs=[to])
    except smtplib.SMTPRecipientsRefused as refused:
        code = next(iter(refused.recipients.values()))[0]
        raise (Bounced if code >= 500 else Unavailable)(f"smtp_{code}") from None
    except smtplib.SMTPResponseException as answer:
        raise (Refused if answer.smtp_code >= 500 else Unavailable)(f"smtp_{answer.smtp_code}") from None
    except (OSError, smtplib.SMTPException):
        raise Unclear("broken_answer") from None
    finally:
        server.close()
    return f"{message_id}@{domain}"


def _connected() -> smtplib.SMTP:
    server = smtplib.SMTP(settings.MAIL_HOST, settings.MAIL_PORT, timeout=TIMEOUT_S)
    if settings.MAIL_TLS:
        server.starttls(context=ssl.create_default_context())
    if settings.MAIL_USER:
        server.login(settings.MAIL_USER, settings.MAIL_PASSWORD)
    return server
