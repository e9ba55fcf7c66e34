"""What a call was: derived from its events, whatever their order."""
