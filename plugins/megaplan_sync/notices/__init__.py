"""Messages about incidents, by e-mail, webhook and messengers: see ``docs/notices.md``."""
