/** The marching cubes table of vtk.js: it carries no types of its own. */
declare module '@kitware/vtk.js/Filters/General/ImageMarchingCubes/caseTable.js' {
  const caseTable: {
    /** Edges of the triangles of a case, three each; -1 ends them. */
    getCase(index: number): readonly number[];
    /** The two corners that an edge joins. */
    getEdge(edge: number): readonly number[];
  };
  export default caseTable;
}
