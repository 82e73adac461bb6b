"""What a notebook shows and asks, inside its kernel.

`begin()` in `session` is the second cell of every notebook: it finds the run and returns records and handles. `forms`
turns parameters into fields, `token_entry` reads a token without showing it, `confirmation` asks before anything is
written, and `kernel` keeps secrets out of everything that the kernel sends. The only package with widgets.
"""
