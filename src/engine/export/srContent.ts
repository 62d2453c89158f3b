import type { CodedConcept } from '../../domain/segmentation.js';
import { toCodeItem } from './derivedObject.js';
import { formatDecimal } from './writeDicom.js';

/** Content items of a DICOM SR document (PS3.3 C.17.3), as dcmjs names their attributes. */
export type ContentItem = Readonly<Record<string, unknown>>;
type Relation =
  'CONTAINS' | 'HAS OBS CONTEXT' | 'HAS CONCEPT MOD' | 'INFERRED FROM' | 'SELECTED FROM';

const item = (
  relation: Relation,
  valueType: string,
  concept: CodedConcept | null,
  value: ContentItem,
  children: readonly ContentItem[] = [],
): ContentItem => ({
  RelationshipType: relation,
  ValueType: valueType,
  ...(concept === null ? {} : { ConceptNameCodeSequence: [toCodeItem(concept)] }),
  ...value,
  ...(children.length === 0 ? {} : { ContentSequence: children }),
});

/** `templateId`: the template of DCMR that the container follows. */
export const containerItem = (
  concept: CodedConcept,
  children: readonly ContentItem[],
  templateId: string | null = null,
): ContentItem =>
  item(
    'CONTAINS',
    'CONTAINER',
    concept,
    {
      ContinuityOfContent: 'SEPARATE',
      ...(templateId === null
        ? {}
        : {
            ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: templateId }],
          }),
    },
    children,
  );

export const codeItem = (
  relation: Relation,
  concept: CodedConcept,
  value: CodedConcept,
): ContentItem => item(relation, 'CODE', concept, { ConceptCodeSequence: [toCodeItem(value)] });

export const textItem = (
  relation: Relation,
  concept: CodedConcept,
  text: string,
  children: readonly ContentItem[] = [],
): ContentItem => item(relation, 'TEXT', concept, { TextValue: text }, children);

export const uidItem = (relation: Relation, concept: CodedConcept, uid: string): ContentItem =>
  item(relation, 'UIDREF', concept, { UID: uid });

export const personItem = (relation: Relation, concept: CodedConcept, name: string): ContentItem =>
  item(relation, 'PNAME', concept, { PersonName: name });

export const numberItem = (
  concept: CodedConcept,
  measured: { readonly value: number; readonly unit: CodedConcept },
  children: readonly ContentItem[],
): ContentItem =>
  item(
    'CONTAINS',
    'NUM',
    concept,
    {
      MeasuredValueSequence: [
        {
          NumericValue: formatDecimal(measured.value),
          FloatingPointValue: measured.value,
          MeasurementUnitsCodeSequence: [toCodeItem(measured.unit)],
        },
      ],
    },
    children,
  );

/** `reference`: an item of Referenced SOP Sequence. */
export const imageItem = (relation: Relation, reference: object): ContentItem =>
  item(relation, 'IMAGE', null, { ReferencedSOPSequence: [reference] });

/** On an image: columns and rows, the corner of the first pixel being 0. In space: LPS mm of a frame of reference. */
export type Coordinates =
  | { readonly kind: 'image'; readonly numbers: readonly number[]; readonly reference: object }
  | {
      readonly kind: 'space';
      readonly numbers: readonly number[];
      readonly frameOfReferenceUID: string;
    };

export const coordinateItem = (
  relation: Relation,
  concept: CodedConcept | null,
  graphicType: string,
  coordinates: Coordinates,
): ContentItem =>
  coordinates.kind === 'image'
    ? item(
        relation,
        'SCOORD',
        concept,
        { GraphicType: graphicType, GraphicData: coordinates.numbers },
        [imageItem('SELECTED FROM', coordinates.reference)],
      )
    : item(relation, 'SCOORD3D', concept, {
        GraphicType: graphicType,
        GraphicData: coordinates.numbers,
        ReferencedFrameOfReferenceUID: coordinates.frameOfReferenceUID,
      });
