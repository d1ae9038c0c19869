"""The bridge between a card reader and the browser on the same machine, and the server's side of it.

Three parties do not trust one another. The **page** is whatever the browser shows: it may ask, it cannot invent. The
**bridge** (bridge.py) runs beside the browser, listens on the loopback only, takes connections of the platform's own
origin, one page at a time, and reads a card only for a ticket of the platform's that it has not seen before. The
**platform** makes tickets bound to one session (tickets.py). It takes a reading only with the signature of a device
it knows, for a ticket it made for this very session, within two minutes, once.
"""
