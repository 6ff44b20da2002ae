// vtk.js imports xmlbuilder2 only to write mesh files, which the viewer never does.
const absent = () => { throw new Error('xmlbuilder2 is not part of the viewer bundle'); };
export const create = absent, convert = absent, fragment = absent, builder = absent;
