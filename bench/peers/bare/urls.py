"""The view: keeps the body, answers its id."""

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

from minjing.base.ids import new_id

CREATE = "CREATE TABLE IF NOT EXISTS bare (id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), body jsonb)"


def keep(request: HttpRequest) -> JsonResponse:
    """Insert the body as it came."""
    made = new_id()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bare (id, body) VALUES (%s, %s::jsonb)", [made, request.body.decode()])
    return JsonResponse({"id": str(made)}, status=201)


urlpatterns = [path("keep", keep)]
