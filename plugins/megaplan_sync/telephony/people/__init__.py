"""Employees of Megaplan and UIS, mapped by their internal numbers."""
