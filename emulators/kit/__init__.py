"""What every emulator needs, whichever vendor it emulates: a server, faults, knobs, a clock, the control routes."""
