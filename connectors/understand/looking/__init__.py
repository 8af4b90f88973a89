"""Rows and types: what lies at an address, before anybody says what it means."""
