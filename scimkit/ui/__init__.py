"""What a notebook shows and asks: its session, its parameters, its forms."""
