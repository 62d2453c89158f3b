import '@kitware/vtk.js/Rendering/Profiles/Geometry.js';

import vtkCellArray from '@kitware/vtk.js/Common/Core/CellArray.js';
import vtkDataArray from '@kitware/vtk.js/Common/Core/DataArray.js';
import vtkPolyData from '@kitware/vtk.js/Common/DataModel/PolyData.js';
import vtkMouseCameraTrackballPanManipulator from '@kitware/vtk.js/Interaction/Manipulators/MouseCameraTrackballPanManipulator.js';
import vtkMouseCameraTrackballRotateManipulator from '@kitware/vtk.js/Interaction/Manipulators/MouseCameraTrackballRotateManipulator.js';
import vtkMouseCameraTrackballZoomManipulator from '@kitware/vtk.js/Interaction/Manipulators/MouseCameraTrackballZoomManipulator.js';
import vtkInteractorStyleManipulator from '@kitware/vtk.js/Interaction/Style/InteractorStyleManipulator.js';
import vtkOrientationMarkerWidget from '@kitware/vtk.js/Interaction/Widgets/OrientationMarkerWidget.js';
import vtkActor from '@kitware/vtk.js/Rendering/Core/Actor.js';
import vtkMapper from '@kitware/vtk.js/Rendering/Core/Mapper.js';
import vtkRenderer from '@kitware/vtk.js/Rendering/Core/Renderer.js';
import vtkRenderWindow from '@kitware/vtk.js/Rendering/Core/RenderWindow.js';
import vtkRenderWindowInteractor from '@kitware/vtk.js/Rendering/Core/RenderWindowInteractor.js';
import vtkOpenGLRenderWindow from '@kitware/vtk.js/Rendering/OpenGL/RenderWindow.js';

import type { SegmentSurface } from '../../contract/surfaceChannels.js';
import type { Segment } from '../../domain/segmentation.js';
import { rgbOf } from '../viewer/overlayColours.js';
import { makeOrientationCube } from './orientationCube.js';

/** Where the reader stands; the patient looks at him from 'anterior'. */
export type Viewpoint = 'anterior' | 'left' | 'superior';

/** From the patient's middle to the eye, and what is up: LPS. */
const VIEWPOINTS: Readonly<
  Record<Viewpoint, { readonly towards: readonly number[]; readonly up: readonly number[] }>
> = {
  anterior: { towards: [0, -1, 0], up: [0, 0, 1] },
  left: { towards: [1, 0, 0], up: [0, 0, 1] },
  superior: { towards: [0, 0, 1], up: [0, -1, 0] },
};

/** Surfaces of segments that can be turned about: left drag turns, middle pans, right and the wheel zoom. */
export interface SurfaceScene {
  /** In place of the one before; one without triangles is taken away. */
  setSurface(segmentNumber: number, surface: SegmentSurface): void;
  /** What is seen: all others are hidden or, where they are not in `among`, forgotten. */
  setLook(
    shown: readonly Pick<Segment, 'segmentNumber' | 'colour' | 'opacity'>[],
    among: readonly number[],
  ): void;
  clear(): void;
  /** Fits all that is seen. */
  look(from: Viewpoint): void;
  resize(): void;
  dispose(): void;
}

const SHINE = { ambient: 0.12, diffuse: 0.85, specular: 0.18, specularPower: 20 } as const;

/** vtk.js keeps triangles with their number of corners before each. */
function makeCells(triangles: Uint32Array): Uint32Array {
  const cells = new Uint32Array((triangles.length / 3) * 4);
  for (let from = 0, to = 0; from < triangles.length; from += 3, to += 4) {
    cells[to] = 3;
    cells.set(triangles.subarray(from, from + 3), to + 1);
  }
  return cells;
}

function makePolyData({ points, normals, triangles }: SegmentSurface): vtkPolyData {
  const data = vtkPolyData.newInstance();
  data.getPoints().setData(points, 3);
  data.setPolys(vtkCellArray.newInstance({ values: makeCells(triangles) }));
  data
    .getPointData()
    .setNormals(
      vtkDataArray.newInstance({ name: 'Normals', values: normals, numberOfComponents: 3 }),
    );
  return data;
}

export function createSurfaceScene(element: HTMLDivElement): SurfaceScene {
  const renderer = vtkRenderer.newInstance({ background: [0, 0, 0] });
  const renderWindow = vtkRenderWindow.newInstance();
  renderWindow.addRenderer(renderer);
  const view = vtkOpenGLRenderWindow.newInstance();
  view.setContainer(element);
  renderWindow.addView(view);

  const style = vtkInteractorStyleManipulator.newInstance();
  style.addMouseManipulator(
    vtkMouseCameraTrackballRotateManipulator.newInstance({
      button: 1,
      useFocalPointAsCenterOfRotation: true, // else about the scanner's origin
    }),
  );
  style.addMouseManipulator(vtkMouseCameraTrackballPanManipulator.newInstance({ button: 2 }));
  style.addMouseManipulator(vtkMouseCameraTrackballZoomManipulator.newInstance({ button: 3 }));
  style.addMouseManipulator(
    vtkMouseCameraTrackballZoomManipulator.newInstance({ scrollEnabled: true, dragEnabled: false }),
  );
  const interactor = vtkRenderWindowInteractor.newInstance();
  interactor.setView(view);
  interactor.initialize();
  interactor.setContainer(element);
  interactor.setInteractorStyle(style);

  const cube = vtkOrientationMarkerWidget.newInstance({
    actor: makeOrientationCube(),
    parentRenderer: renderer,
    interactor,
  });
  cube.setViewportCorner(vtkOrientationMarkerWidget.Corners.BOTTOM_LEFT);
  cube.setViewportSize(0.16);
  cube.setMinPixelSize(56);
  cube.setMaxPixelSize(96);

  const parts = new Map<number, { actor: vtkActor; mapper: vtkMapper }>();
  let viewpoint: Viewpoint = 'anterior';
  /** The reader's own view is kept as soon as there was something to look at. */
  let isFitted = false;
  let scheduled = 0;

  const draw = (): void => {
    scheduled ||= requestAnimationFrame(() => {
      scheduled = 0;
      renderer.resetCameraClippingRange();
      renderWindow.render();
      cube.updateMarkerOrientation();
    });
  };

  const remove = (segmentNumber: number): void => {
    const part = parts.get(segmentNumber);
    if (part === undefined) return;
    parts.delete(segmentNumber);
    renderer.removeActor(part.actor);
    part.actor.delete();
    part.mapper.delete();
  };

  const look = (from: Viewpoint): void => {
    viewpoint = from;
    const camera = renderer.getActiveCamera();
    const { towards, up } = VIEWPOINTS[from];
    const [x = 0, y = 0, z = 0] = towards;
    const [ux = 0, uy = 0, uz = 0] = up;
    camera.setViewUp(0.5, 0.5, 0.5); // the cube looks at each step: in none may the eye stand straight above
    camera.setFocalPoint(0, 0, 0);
    camera.setPosition(x, y, z);
    camera.setViewUp(ux, uy, uz);
    renderer.resetCamera();
    draw();
  };

  const resize = (): void => {
    const { width, height } = element.getBoundingClientRect();
    const ratio = window.devicePixelRatio;
    view.setSize(Math.max(1, Math.floor(width * ratio)), Math.max(1, Math.floor(height * ratio)));
    cube.updateViewport();
    draw();
  };
  resize();
  cube.setEnabled(true);
  look('anterior');

  return {
    setSurface(segmentNumber, surface) {
      const known = parts.get(segmentNumber);
      if (surface.triangles.length === 0) {
        remove(segmentNumber);
        draw();
        return;
      }
      const mapper = known?.mapper ?? vtkMapper.newInstance({ scalarVisibility: false });
      mapper.setInputData(makePolyData(surface));
      if (known === undefined) {
        const actor = vtkActor.newInstance();
        actor.setMapper(mapper);
        actor.getProperty().set(SHINE);
        renderer.addActor(actor);
        parts.set(segmentNumber, { actor, mapper });
      }
      if (!isFitted) look(viewpoint);
      isFitted = true;
      draw();
    },
    setLook(shown, among) {
      for (const segmentNumber of [...parts.keys()])
        if (!among.includes(segmentNumber)) remove(segmentNumber);
      for (const [segmentNumber, { actor }] of parts) {
        const wanted = shown.find((each) => each.segmentNumber === segmentNumber);
        actor.setVisibility(wanted !== undefined);
        if (wanted === undefined) continue;
        const [red, green, blue] = rgbOf(wanted.colour);
        actor.getProperty().setColor(red / 255, green / 255, blue / 255);
        actor.getProperty().setOpacity(wanted.opacity);
      }
      draw();
    },
    clear() {
      for (const segmentNumber of [...parts.keys()]) remove(segmentNumber);
      isFitted = false;
      draw();
    },
    look,
    resize,
    dispose() {
      cancelAnimationFrame(scheduled);
      for (const segmentNumber of [...parts.keys()]) remove(segmentNumber);
      cube.setEnabled(false);
      interactor.setContainer(null);
      interactor.delete();
      renderWindow.delete();
      view.delete();
    },
  };
}
