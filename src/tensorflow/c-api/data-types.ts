/** The types of tensors in TensorFlow's C API (TF_DataType in tensorflow/c/tf_datatype.h). */
export const DataType = {
  FLOAT: 1,
  INT32: 3,
  UINT8: 4,
  STRING: 7,
  COMPLEX64: 8,
  INT64: 9,
  BOOL: 10,
  UINT16: 17,
  RESOURCE: 20,
  VARIANT: 21,
} as const;

/** The types of attributes in TensorFlow's C API (TF_AttrType in tensorflow/c/c_api.h). */
export const AttributeType = {
  STRING: 0,
  INT: 1,
  FLOAT: 2,
  BOOL: 3,
  TYPE: 4,
  SHAPE: 5,
} as const;
