"""What a comparison over seeds and test images can and cannot show: numbers alone.

All variants have the same S seeds and the same N test images. A metric is any finite number, such
as an accuracy in [0, 1]; differences are in its unit and positive where `of` has more than `to`.
"""
