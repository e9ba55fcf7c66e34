"""Finished calls into Megaplan: the outbox, and the stages history, recording and communication."""
