"""Calls in progress: whose phones ring, which pop-ups are shown, and where a call is routed."""
