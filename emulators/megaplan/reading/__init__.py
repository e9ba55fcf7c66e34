"""Reading: arguments, filters, order, pages, and entities turned into JSON."""
