"""The inbox: parsing, storing and watching of everything that comes from UIS and Megaplan."""
