"""Medical images as numpy arrays: reading, geometry, windowing, masks and contours.

Conventions, said once: arrays are [row, column] (y, x), volumes [slice, row, column]; the centre of the
top-left pixel is (0, 0); millimetres; patient coordinates are LPS (DICOM) unless a name says RAS (NIfTI).
"""
