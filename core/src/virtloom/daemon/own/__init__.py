"""What a running daemon tells about itself, over the administration socket (`virtloom.wire.own`).

`answers` has the table of what answers which procedure.
"""
