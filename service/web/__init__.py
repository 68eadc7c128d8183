"""The routes of the page people look at. May import `api` and `rendering`; nothing imports it but `app`."""
