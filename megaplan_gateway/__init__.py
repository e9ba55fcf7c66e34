"""The live lane: receives messages from UIS and Megaplan, and shows calls in progress. See docs/gateway.md."""
