"""The nightly comparison of UIS's report, the outbox and Megaplan's calls."""
