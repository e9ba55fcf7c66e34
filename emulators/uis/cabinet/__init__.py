"""What is set up in the cabinet: employees, statuses, numbers, scenarios, the address book."""
