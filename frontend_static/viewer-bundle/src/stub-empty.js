// Stands for node's fs and path in the codecs' Emscripten glue: the browser never takes those branches.
export default {};
