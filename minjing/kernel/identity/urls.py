"""Addresses of signing in and out."""

from django.urls import URLPattern, URLResolver, path

from minjing.kernel.identity.views import (
    card_reader,
    checking,
    mandates,
    officers,
    passkeys,
    raising,
    recovering,
    residents,
    sessions,
    stopping,
)

app_name = "identity"
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", residents.sign_in, name="sign_in"),
    path("sign-in/code/", residents.code, name="code"),
    path("sign-in/stop/", stopping.stop, name="stop_codes"),
    path("sign-in/who/", residents.who, name="who"),
    path("identity/card-reader/ticket/", card_reader.ticket, name="card_ticket"),
    path("identity/raise/", raising.start, name="raise"),
    path("identity/check/", checking.check, name="check"),
    path("identity/check/counter/", checking.counter, name="check_counter"),
    path("identity/recover/", recovering.recover, name="recover"),
    path("identity/recover/object/", recovering.object_to, name="object_to_recovery"),
    path("identity/passkeys/", passkeys.passkeys, name="passkeys"),
    path("identity/passkeys/use/", passkeys.use_passkey, name="use_passkey"),
    path("me/acting/", mandates.index, name="mandates"),
    path("me/acting/give/", mandates.give, name="give_mandate"),
    path("me/acting/guardian/", mandates.guardian, name="guardian"),
    path("me/acting/<uuid:mandate_id>/", mandates.one, name="mandate"),
    path("identity/recover/", recovering.recover, name="recover"),
    path("identity/recover/object/", recovering.object_to, name="object_to_recovery"),
    path("officer/sign-in/", officers.sign_in, name="officer_sign_in"),
    path("officer/sign-in/second/", officers.second, name="second"),
    path("officer/second-factor/", officers.second_factor, name="second_factor"),
    path("officer/second-factor/codes/", officers.recovery_codes, name="recovery_codes"),
    path("officer/second-factor/passkey/", officers.passkey, name="passkey"),
    path("sign-out/", sessions.sign_out, name="sign_out"),
    path("sessions/", sessions.sessions, name="sessions"),
]
