"""What learning sees: manifests, splits, preprocessing, the tensor cache and augmentation."""
