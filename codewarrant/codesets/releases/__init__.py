"""Code sets and edit tables by date: official files imported, editions kept, rows looked up."""
