/** Nominal typing: two ids of the same primitive cannot be swapped unnoticed. */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Opaque id of an opened study; stable across runs for the same StudyInstanceUID and source. */
export type StudyId = Brand<string, 'StudyId'>;
/** Opaque id of an opened series. */
export type SeriesId = Brand<string, 'SeriesId'>;
/** Opaque id of one displayable frame; the last path part of a `dicom://` address. */
export type ImageId = Brand<string, 'ImageId'>;
export type SessionId = Brand<string, 'SessionId'>;
export type ModelId = Brand<string, 'ModelId'>;
export type SegmentationId = Brand<string, 'SegmentationId'>;
export type BatchId = Brand<string, 'BatchId'>;
/** A UUID that the window gives, so that storing twice makes no second one. */
export type MeasurementId = Brand<string, 'MeasurementId'>;
