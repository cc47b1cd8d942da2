"""What commands show: tables, texts, reports."""
