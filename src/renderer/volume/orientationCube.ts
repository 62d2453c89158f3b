import vtkAnnotatedCubeActor from '@kitware/vtk.js/Rendering/Core/AnnotatedCubeActor.js';

/** A cube whose faces name the patient's sides (LPS). */
export function makeOrientationCube(): vtkAnnotatedCubeActor {
  const cube = vtkAnnotatedCubeActor.newInstance();
  cube.setDefaultStyle({
    fontFamily: 'sans-serif',
    fontStyle: 'bold',
    fontColor: '#f0c869',
    faceColor: '#22262d',
    edgeColor: '#59616d',
    edgeThickness: 0.06,
    resolution: 200,
  });
  cube.setXPlusFaceProperty({ text: 'L' });
  cube.setXMinusFaceProperty({ text: 'R' });
  cube.setYPlusFaceProperty({ text: 'P', faceRotation: 180 });
  cube.setYMinusFaceProperty({ text: 'A' });
  cube.setZPlusFaceProperty({ text: 'S' });
  cube.setZMinusFaceProperty({ text: 'I' });
  return cube;
}
