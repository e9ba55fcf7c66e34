"""A local UIS / CoMagic / Novofon 2.0 account: its APIs, notifications and recordings, oddities included.

``python -m emulators.uis --port 18090 [--host H] [--seed S] [--employees E] [--knob name=value …]`` prints one line
with its address and serves until SIGTERM:

* ``POST /v2.0`` Data API, ``POST /v4.0`` Call API (JSON-RPC 2.0, the key inside ``params``)
* ``GET /system/media/{talk,wav,voice_mail}/{session}/{record}/`` and ``GET /{session}/{record}``: recordings
* ``/_control/*``: :mod:`emulators.uis.control`; calls are played with :mod:`emulators.uis.mutations`;
  everything unknown about the platform is a knob: :mod:`emulators.uis.knobs`

Keys at the start: ``uis-demo-token`` (permanent), ``uis-expired-token``, ``uis-blocked-token``,
``uis-data-only-token``, ``uis-call-only-token``; login ``demo`` with ``demo-password``. Employees have ids from
501 and extensions from 101; virtual number ``7495000000N`` runs scenario N (:mod:`emulators.uis.cabinet.seed`).
"""
