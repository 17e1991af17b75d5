"""What can be done with the record of a call beside writing it down: stages, none of which knows another."""
