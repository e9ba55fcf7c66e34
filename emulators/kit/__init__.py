"""What every emulator needs, whatever vendor it stands for: a server, faults, knobs, a clock, the control routes."""
