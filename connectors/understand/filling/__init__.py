"""What fills an entity's columns beyond their names: statuses, money, whose a row is, consent."""
