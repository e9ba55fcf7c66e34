"""The live lane: receives what UIS and Megaplan send, and shows calls while they go on. See docs/gateway.md."""
