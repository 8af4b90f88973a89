"""What somebody's data means: tables, keys, joins, entities and the files that say so. Nothing is written here blindly."""
