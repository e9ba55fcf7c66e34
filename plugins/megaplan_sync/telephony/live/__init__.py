"""A call while it goes on: whose phones ring, which cards are shown, where it is routed."""
