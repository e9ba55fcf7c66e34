"""Receives notifications and webhooks, and stores them in the inbox."""
