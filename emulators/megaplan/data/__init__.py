"""What the account holds, in memory."""
