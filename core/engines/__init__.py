"""One small file an engine; core/warehouse.py alone imports them."""
