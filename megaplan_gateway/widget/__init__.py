"""The telephony widget in Megaplan's pages: its script and the API it uses. See docs/widget-contract.md."""
