"""Commands from Megaplan's pages: the widget's script, and what it may ask for. See docs/widget-contract.md."""
