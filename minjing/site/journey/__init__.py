"""The main journey over HTTP against a running server: a spouse moves in, from the search box to the paper checked.

`minjing demo journey --url http://localhost:8000` uses the pages for finding, signing in and checking the paper,
and the JSON API under the same sessions for the rest. A second matter is refused. At the end the public log is
checked as an outsider would, who has nothing but what the server publishes. It works on the demo city only, makes a
new synthetic applicant each time and can be run again and again.
"""

import time

import httpx

from minjing.site.journey.steps import Journey
from minjing.site.journey.visitor import StepFailed, totp

__all__ = ["Journey", "StepFailed", "main", "totp"]


def main(url: str) -> int:
    """Walk the journey, a line a step; return 0 when every step held."""
    journey = Journey(url)
    for number, name in enumerate(Journey.STEPS, 1):
        step = getattr(journey, name)
        began = time.monotonic()
        try:
            found = step()
        except (StepFailed, httpx.HTTPError) as failed:
            print(f"{number:>2} ✗ {name}: {failed}")
            return 1
        except Exception as surprise:  # an answer of another form than expected fails its step like a wrong one
            print(f"{number:>2} ✗ {name}: {type(surprise).__name__}: {surprise}")
            return 1
        said = f" {found}" if found else ""
        print(f"{number:>2} ✓ {step.__doc__.splitlines()[0]}{said} ({time.monotonic() - began:.1f} s)", flush=True)
    numbers = ", ".join(f"{matter['number']} {matter['outcome']}" for matter in journey.decided)
    print(f"Every step held: {numbers}; paper {journey.paper['code']}.")
    return 0
