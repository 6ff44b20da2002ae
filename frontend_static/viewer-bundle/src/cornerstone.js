// All that js/viewer needs of Cornerstone3D, as one ES module.
export * as core from '@cornerstonejs/core';
export * as tools from '@cornerstonejs/tools';
export * as dicomImageLoader from '@cornerstonejs/dicom-image-loader';
